"""The committed events in one order, by numbers without gaps, and those who read them one after the other."""
