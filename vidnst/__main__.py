from vidnst.command import run

run()
