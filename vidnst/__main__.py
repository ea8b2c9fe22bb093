from vidnst.apps.cli.main import run

run()
