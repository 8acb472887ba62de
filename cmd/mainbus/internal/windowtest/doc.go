// Package windowtest drives the built program in a real window, with mouse and keys only, as a person does: it pairs a
// host by typing its code, makes and starts an instance, talks to its console and watches an item arrive. It needs an X
// server without a screen (Xvfb), a window manager, xdotool, and ImageMagick for the pictures; make test installs them.
package windowtest
