# A backup is put back after more was written and passed on. What was later comes back at the next
# meeting, and the device goes on in a log of its own: nothing forks.
dice 1
day 0 00:00:00.000  Ani founds
day 0 00:00:00.000  Ani invites uses 3
day 0 00:01:00.000  Budi arrives
day 0 00:01:00.000  Budi meets with Ani
day 1 08:00:00.000  Budi puts key 1 text 1
day 1 09:00:00.000  Budi backs_up
day 2 08:00:00.000  Budi edits key 1 text 2
day 2 09:00:00.000  Budi meets with Ani
day 30 08:00:00.000  Budi restores
day 30 08:01:00.000  Budi looks key 1
day 30 08:02:00.000  Budi edits key 1 field 1 text 3
day 30 09:00:00.000  Budi meets with Ani
day 30 10:00:00.000  Budi looks key 1
day 30 10:00:00.000  Budi counts
day 30 10:00:00.000  Ani looks key 1
> day 30 08:01:00.000  Budi sees k1: there; name = text 1
> day 30 10:00:00.000  Budi sees k1: there; name = text 2; note = text 3
> day 30 10:00:00.000  Budi has 1 records, 0 conflicts, 0 logs that wait, 2 own logs, 0 forked
> day 30 10:00:00.000  Ani sees k1: there; name = text 2; note = text 3
