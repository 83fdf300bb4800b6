//! Models of what is shown, made from a snapshot; the window and the command line paint them.
