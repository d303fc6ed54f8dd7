# A laptop is copied block by block, and both go on before any doubt: their log forks. A hall that has
# seen both proves it to the one who has heard of nothing, at once.
dice 6
day 0 00:00:00.000  Ani founds
day 0 00:00:00.000  Ani invites
day 0 00:00:00.000  Budi arrives
day 0 00:00:00.000  Budi meets with Ani
day 8 19:00:02.145  Ani copies to Eko image 1
day 8 19:00:02.155  Ani puts
day 8 19:00:07.234  Eko puts
day 10 23:00:13.388  Budi meets with Ani latency 256
day 10 23:00:13.388  Eko meets with Budi latency 69
day 10 23:00:17.998  Ani counts
day 10 23:00:17.998  Budi counts
day 10 23:00:17.998  Eko counts
> day 10 23:00:17.998  Ani has 1 records, 0 conflicts, 0 logs that wait, 1 own logs, 0 forked
> day 10 23:00:17.998  Budi has 0 records, 0 conflicts, 0 logs that wait, 1 own logs, 1 forked
> day 10 23:00:17.998  Eko has 0 records, 0 conflicts, 0 logs that wait, 1 own logs, 1 forked
