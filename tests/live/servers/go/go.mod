module lameduck.dev/live/server

go 1.19
