# # Reading the weather log
#
# The wind is measured at the eastern pier every ten minutes.

# +
winds = [8.5, 12.0, 21.5]
max(winds)
# -

# Service was suspended on the day with 21.5 metres per second.
