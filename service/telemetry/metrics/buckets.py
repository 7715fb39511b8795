"""Upper bounds of histograms, in seconds."""

DURATIONS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
"""From a cached answer to past the longest deadline."""

MINUTE, HOUR, DAY = 60, 3_600, 86_400
AGES_S = (MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 6 * HOUR, DAY, 3 * DAY, 7 * DAY, 14 * DAY, 30 * DAY)
"""From the shortest cache time to the longest that last known facts are served by default."""
