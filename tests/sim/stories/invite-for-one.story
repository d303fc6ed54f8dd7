# An invite for one is used by two, let in by two halls that do not know of each other. Both work at
# once; when it comes out, both wait, until a steward approves. What they wrote counts then.
dice 1
day 0 00:00:00.000  Ani founds
day 0 00:00:00.000  Ani invites uses 2
day 0 00:01:00.000  Budi arrives
day 0 00:01:00.000  Budi meets with Ani
day 1 08:00:00.000  Ani invites
day 1 08:01:00.000  Budi meets with Ani
day 1 09:00:00.000  Citra arrives invite 1
day 1 09:00:00.000  Dewi arrives invite 1
day 1 10:00:00.000  Citra meets with Ani
day 1 10:00:00.000  Dewi meets with Budi
day 1 11:00:00.000  Citra puts key 1 text 1
day 1 11:00:00.000  Dewi puts key 2 text 2
day 2 08:00:00.000  Citra meets with Ani
day 2 08:00:00.000  Dewi meets with Budi
day 2 09:00:00.000  Budi meets with Ani
day 2 10:00:00.000  Ani looks key 1
day 2 10:00:00.000  Ani looks key 2
day 2 10:01:00.000  Ani approves
day 2 11:00:00.000  Ani looks key 1
day 2 11:00:00.000  Ani looks key 2
> day 2 10:00:00.000  Ani sees k1: never made
> day 2 10:00:00.000  Ani sees k2: never made
> day 2 11:00:00.000  Ani sees k1: there; name = text 1
> day 2 11:00:00.000  Ani sees k2: there; name = text 2
