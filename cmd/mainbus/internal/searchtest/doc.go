// Package searchtest measures how long the window's searches take with a real controller of many users and mods behind them. It has tests only.
package searchtest
