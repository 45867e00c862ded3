"""The room: a class in which every student is a firm of one ecosystem; the firms that nobody plays are the model's own.

`game` is the model as it is played, `keeping` the room with its seats, choices and votes, `journal` what is on the disk of it, `saved` the
files that other commands take, and `web` what phones see. The first four know nothing of the web, and no clock.
"""
