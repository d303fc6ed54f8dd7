# A log that forks before its first event: whoever has nothing of it gets both branches all the same.
dice 6
day 0 00:00:00.000  Ani founds
day 0 00:00:00.000  Ani invites uses 3
day 0 00:00:00.000  Budi arrives
day 0 00:00:00.000  Budi meets with Ani
day 1 00:00:00.000  Ani backs_up
day 1 00:00:01.000  Ani restores
day 1 00:00:02.000  Ani puts text 1
day 8 19:00:02.145  Ani copies to Eko image 1
day 8 19:00:02.155  Ani invites
day 8 19:00:07.234  Eko invites
day 9 00:00:00.000  Ani meets with Eko
day 9 01:00:00.000  Ani counts
day 9 01:00:00.000  Eko counts
day 9 02:00:00.000  Eko meets with Budi
day 9 03:00:00.000  Budi counts
> day 9 01:00:00.000  Ani has 1 records, 0 conflicts, 0 logs that wait, 2 own logs, 1 forked
> day 9 01:00:00.000  Eko has 1 records, 0 conflicts, 0 logs that wait, 2 own logs, 1 forked
> day 9 03:00:00.000  Budi has 1 records, 0 conflicts, 0 logs that wait, 1 own logs, 1 forked
