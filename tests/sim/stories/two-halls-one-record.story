# Two halls write about one record apart. Both texts are kept and listed until somebody settles them.
dice 1
day 0 00:00:00.000  Ani founds
day 0 00:00:00.000  Ani invites uses 3
day 0 00:01:00.000  Budi arrives
day 0 00:01:00.000  Budi meets with Ani
day 1 08:00:00.000  Ani puts key 1 text 1
day 1 09:00:00.000  Budi puts key 1 text 2
day 1 10:00:00.000  Budi meets with Ani bye 1
day 1 11:00:00.000  Ani looks key 1
day 1 11:00:00.000  Budi looks key 1
day 1 11:01:00.000  Ani counts
day 2 08:00:00.000  Budi settles text 3
day 2 09:00:00.000  Budi meets with Ani bye 1
day 2 10:00:00.000  Ani looks key 1
day 2 10:00:00.000  Ani counts
> day 1 11:00:00.000  Ani sees k1: there; name = text 2 (of 2 values)
> day 1 11:00:00.000  Budi sees k1: there; name = text 2 (of 2 values)
> day 1 11:01:00.000  Ani has 1 records, 1 conflicts, 0 logs that wait, 1 own logs, 0 forked
> day 2 10:00:00.000  Ani sees k1: there; name = agreed 3
> day 2 10:00:00.000  Ani has 1 records, 0 conflicts, 0 logs that wait, 1 own logs, 0 forked
