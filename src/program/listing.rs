//! Prints a program for people.
