# A lid that the quiet time opens: what the machine had begun before goes on at once. (Of the simulator's own making, seed 101693.)
dice 101693
day 0 00:00:00.000  Ani founds
day 0 00:00:00.000  Ani invites uses 4
day 0 00:00:00.000  Budi arrives
day 0 00:00:00.000  Citra arrives
day 0 00:00:00.000  Citra meets with Ani
day 0 00:00:00.000  Dewi arrives
day 0 00:00:02.000  Eko arrives
day 0 00:00:02.000  Dewi meets with Citra
day 0 00:00:10.658  Eko meets with Dewi
day 17 21:00:59.184  Budi meets with Ani
day 17 21:01:06.174  Eko meets with Budi latency 6
day 17 21:01:06.193  Eko sleeps for 2748
