"""What the lights showed, and when the receipt engine could not be reached: kept on the disk, understood in `past`."""
