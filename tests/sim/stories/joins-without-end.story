# A bad member signs JOINs without end: who came by its invite waits, and is approved as soon as the founder knows.
dice 21087
day 0 00:00:00.000  Ani founds
day 0 00:00:00.000  Ani invites uses 2
day 0 00:00:00.000  Budi arrives
day 0 00:00:00.000  Citra arrives
day 0 00:00:00.000  Citra meets with Ani
day 9 21:00:06.879  Budi meets with Ani
day 33 22:19:04.195  Citra turns_bad how 162
day 39 22:01:09.564  Citra meets with Budi
day 39 22:01:11.917  Dewi puts
