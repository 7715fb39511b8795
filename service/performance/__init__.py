"""How agents, teams and the desk do: figures that are kept by quarters of an hour, and read for any days."""
