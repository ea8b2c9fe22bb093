"""The web page: a graphical interface of vidnst, in Streamlit."""
