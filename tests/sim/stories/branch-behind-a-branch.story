# A hall hears of one branch from its head, and takes in the other: what follows there is not for him
# who holds the first.
dice 214
day 0 00:00:00.000  Ani founds
day 0 00:00:00.000  Ani invites uses 2
day 0 00:00:00.000  Citra arrives
day 0 00:00:00.000  Citra meets with Ani
day 0 00:00:00.000  Dewi arrives
day 0 00:00:00.000  Dewi meets with Ani
day 2 18:00:21.462  Citra copies to Eko image 1
day 12 02:00:49.583  Citra imports rows 2
day 12 02:00:49.878  Eko puts
