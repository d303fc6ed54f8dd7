# A shelf that begins to be shown while another line brings much was compared only two seconds
# later: its vector was put off, and nothing remembered that it was due.
dice 7
day 0 00:00:00.000  Ani founds
day 0 00:00:00.000  Ani invites uses 4
day 0 00:00:00.000  Budi arrives
day 0 00:00:00.000  Citra arrives
day 0 00:00:00.148  Dewi arrives
day 0 00:00:07.324  Dewi meets with Ani
day 0 00:00:19.757  Fitri arrives
day 18 11:00:35.287  Fitri meets with Dewi
day 18 11:00:38.076  Dewi meets with Citra
day 18 11:00:44.631  Ani invites
day 18 11:00:45.102  Fitri meets with Budi
day 18 11:00:53.155  Citra keeps
