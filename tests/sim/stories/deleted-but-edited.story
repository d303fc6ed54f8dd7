# One deletes what another edits meanwhile: the record comes back whole and is listed, until
# somebody keeps it, or deletes it knowing of the edit.
dice 1
day 0 00:00:00.000  Ani founds
day 0 00:00:00.000  Ani invites uses 3
day 0 00:01:00.000  Budi arrives
day 0 00:01:00.000  Budi meets with Ani
day 1 08:00:00.000  Ani puts key 1 text 1
day 1 08:01:00.000  Budi meets with Ani
day 2 08:00:00.000  Ani deletes key 1
day 2 08:00:00.000  Budi edits key 1 field 1 text 2
day 2 09:00:00.000  Ani looks key 1
day 2 10:00:00.000  Budi meets with Ani
day 2 11:00:00.000  Ani looks key 1
day 3 08:00:00.000  Ani deletes key 1
day 3 09:00:00.000  Budi meets with Ani
day 3 10:00:00.000  Budi looks key 1
> day 2 09:00:00.000  Ani sees k1: deleted; name = text 1
> day 2 11:00:00.000  Ani sees k1: there, deleted by some; name = text 1; note = text 2
> day 3 10:00:00.000  Budi sees k1: deleted; name = text 1; note = text 2
