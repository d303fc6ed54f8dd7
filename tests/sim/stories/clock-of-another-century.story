# A laptop whose clock stands in 2099 writes the same field as one whose clock is right. The wrong
# one loses the race, and nothing of it is lost. After that it writes over what it saw, and counts.
dice 1
day 0 00:00:00.000  Ani founds
day 0 00:00:00.000  Ani invites uses 3
day 0 00:01:00.000  Budi arrives
day 0 00:01:00.000  Citra arrives
day 0 00:01:00.000  Budi meets with Ani
day 0 00:02:00.000  Citra meets with Ani
day 1 08:00:00.000  Budi clock by 37869120
day 1 09:00:00.000  Budi puts key 1 text 1
day 1 09:01:00.000  Citra puts key 1 text 2
day 1 10:00:00.000  Budi meets with Ani
day 1 10:01:00.000  Citra meets with Ani
day 1 10:02:00.000  Budi meets with Ani
day 1 11:00:00.000  Ani looks key 1
day 1 12:00:00.000  Budi edits key 1 text 3
day 1 12:01:00.000  Budi meets with Ani
day 1 13:00:00.000  Ani looks key 1
> day 1 11:00:00.000  Ani sees k1: there; name = text 2 (of 2 values)
> day 1 13:00:00.000  Ani sees k1: there; name = text 3
