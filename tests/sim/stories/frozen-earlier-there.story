# Two have a log frozen, one of them earlier: that one proves it.
dice 19
day 0 00:00:00.000  Ani founds
day 0 00:00:00.000  Ani invites uses 2
day 0 00:00:00.000  Budi arrives
day 0 00:00:00.000  Budi meets with Ani
day 0 00:00:00.000  Citra arrives
day 0 00:00:02.625  Budi puts key 3
day 0 00:00:06.969  Budi meets with Ani
day 0 00:00:10.986  Ani copies to Dewi image 1
day 0 00:00:16.052  Dewi deletes key 3
day 0 00:00:16.408  Dewi copies to Eko image 1
day 0 00:00:16.408  Eko puts
day 0 00:00:16.418  Dewi puts
day 0 00:00:16.637  Eko meets with Citra
day 0 00:00:21.838  Ani puts
day 3 04:00:31.126  Citra meets with Ani
day 3 04:00:31.874  Dewi crashes
