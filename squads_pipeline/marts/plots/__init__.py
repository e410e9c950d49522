"""Charts: pure functions, DataFrame in and figure out, a module each. `gallery` alone knows where rows come from."""
