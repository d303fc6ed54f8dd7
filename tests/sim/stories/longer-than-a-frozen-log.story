# Who has not heard of a fork holds more than he who is frozen: it may be the same branch.
dice 153
day 0 00:00:00.000  Ani founds
day 0 00:00:00.000  Ani invites uses 2
day 0 00:00:00.000  Citra arrives
day 0 00:00:00.000  Citra meets with Ani
day 0 00:00:00.000  Dewi arrives
day 0 00:00:02.000  Citra copies to Eko image 1
day 0 00:00:02.010  Citra imports
day 5 07:00:02.545  Eko power_fails after 3
day 5 07:00:02.545  Eko puts
day 5 07:00:02.834  Eko meets with Dewi
day 5 07:00:09.861  Dewi meets with Citra latency 12
day 5 07:00:10.854  Citra puts
day 5 07:00:18.999  Eko meets with Dewi
day 5 07:00:19.982  Eko edits
