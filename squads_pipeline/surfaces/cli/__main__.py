"""`python -m squads_pipeline.surfaces.cli` is `squads`."""

from squads_pipeline.surfaces.cli import main

if __name__ == "__main__":
    main()
