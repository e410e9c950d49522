"""What assets, checks and sensors are handed: the database and the marts' tables. No economy."""
