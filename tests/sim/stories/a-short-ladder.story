# Who is frozen says his fork point and no more; who holds another branch and has not heard of a fork
# says where he stands, so that it is proved to him.
dice 95
day 0 00:00:00.000  Ani founds
day 0 00:00:00.000  Ani invites
day 0 00:00:00.000  Citra arrives
day 0 00:00:00.000  Citra meets with Ani
day 0 00:00:02.085  Citra copies to Eko image 1
day 0 00:00:05.094  Eko puts
day 0 00:00:10.884  Citra puts
day 0 00:00:10.911  Citra copies to Fitri
day 0 00:00:14.467  Eko meets with Citra
day 0 00:00:16.900  Ani copies to Gede
