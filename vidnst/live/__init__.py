"""What a live picture needs: pace, cuts as they come, painting without a stall, outputs."""
