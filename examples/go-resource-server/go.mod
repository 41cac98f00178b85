module example.org/quantimodo-go-api

go 1.25.0
