# A laptop is copied with its machine's name, and both go on. Each writes into a log of its own from
# then on, and both are there.
dice 1
day 0 00:00:00.000  Ani founds
day 0 00:00:00.000  Ani invites uses 3
day 0 00:01:00.000  Budi arrives
day 0 00:01:00.000  Budi meets with Ani
day 1 08:00:00.000  Budi puts key 1 text 1
day 2 08:00:00.000  Budi copies to Citra alike 1
day 3 08:00:00.000  Budi edits key 1 field 1 text 2
day 3 08:00:00.000  Citra edits key 1 field 2 text 3
day 4 08:00:00.000  Budi meets with Ani
day 4 09:00:00.000  Citra meets with Ani
day 4 10:00:00.000  Ani looks key 1
day 4 10:00:00.000  Ani counts
> day 4 10:00:00.000  Ani sees k1: there; name = text 1; note = text 2; place = text 3
> day 4 10:00:00.000  Ani has 1 records, 0 conflicts, 0 logs that wait, 1 own logs, 0 forked
