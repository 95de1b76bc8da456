"""The firmware: signed bundles into the other slot, and a version that counts only once the lights have proven it."""
