"""Ways into other packages, which are imported when they are asked for."""
