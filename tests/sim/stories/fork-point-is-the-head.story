# A frozen log stands in a vector with its fork point: who answers nothing about it knows of the fork, and who
# holds just as much without knowing gets both branches.
dice 310
day 0 00:00:00.000  Ani founds
day 0 00:00:00.000  Ani invites
day 0 00:00:00.000  Budi arrives
day 0 00:00:00.000  Budi meets with Ani
day 0 00:00:03.096  Budi puts key 1
day 0 00:00:06.457  Budi meets with Ani
day 0 00:00:11.017  Ani backs_up
day 0 00:00:11.017  Ani copies to Citra image 1
day 0 00:00:11.027  Ani deletes key 1
day 0 00:00:11.165  Citra puts
day 0 00:00:11.321  Citra meets with Ani
day 0 00:00:17.520  Ani restores
