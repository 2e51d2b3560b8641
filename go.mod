module github.com/confo-sync/confo-sync

go 1.26.8
