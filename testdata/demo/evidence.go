package main

import (
	"fmt"
	"time"
)

type evidence struct {
	Description string `json:"description"`
	Type        string `json:"evidence_type"`
	From        string `json:"date_from"`
	To          string `json:"date_to"`
	Subject     string `json:"subject"`
}

var benignSites = []string{"news.example", "weather.example", "shop.example", "video.example", "cloudnotes.example"}

// newEvidence words why channel c had the value v. No text holds the person's own name: it is shown where names are not.
func newEvidence(p person, day, c, v int, at time.Time) evidence {
	e := evidence{Type: channelNames[c], To: stamp(at)}
	e.From = stamp(at.AddDate(0, 0, -1-draw(5, "span", p.n, day, c)))
	if guilty(p, day) {
		if e.Description, e.Subject = guiltyText(p, day, c, v); e.Description != "" {
			return e
		}
	}
	e.Description, e.Subject = usualText(p, day, c, v, at)
	return e
}

// guilty tells whether the day belongs to a planted insider's deed.
func guilty(p person, day int) bool {
	from := map[part]int{leaker: 41, leaver: 20, keylogger: 30, snooper: 0}
	first, is := from[p.part]
	return is && day >= first
}

func usualText(p person, day, c, v int, at time.Time) (text, subject string) {
	switch c {
	case email:
		return fmt.Sprintf("%d messages with attachments to a personal address, 1 is usual for the role", 2+v/120),
			fmt.Sprintf("box-%04x@homemail.example", draw(65536, "mail", p.n))
	case web:
		site := benignSites[draw(5, "site", p.n, day)]
		return fmt.Sprintf("%d requests to %s, new for this employee", 8+v/20, site), site
	case device:
		usual := 0
		if p.usb {
			usual = 6
		}
		return fmt.Sprintf("%d files copied to removable storage, usual is %d a day", 5+v/12, usual),
			fmt.Sprintf("USB-%04X", draw(65536, "usbid", p.n))
	}
	logon := "Logon at " + at.Format("15:04")
	if day >= storyDays {
		logon = "Logon" // see the package comment: arriving lines are dated anew
	}
	return fmt.Sprintf("%s, %d hours from this employee's usual start", logon, 1+v/90), fmt.Sprintf("PC-%04d", 1000+p.n)
}

// guiltyText is empty where the deed left nothing of its own on the channel.
func guiltyText(p person, day, c, v int) (text, subject string) {
	type at struct {
		part    part
		channel int
	}
	usb := fmt.Sprintf("USB-%04X", draw(65536, "usbid", p.n))
	switch (at{p.part, c}) {
	case at{leaker, web}:
		return fmt.Sprintf("%d uploads (%d MB) to dropleaks.example after 22:00", 2+v/200, 10+v/8), "dropleaks.example"
	case at{leaver, web}:
		return fmt.Sprintf("%d job-search pages in working hours", 10+v/20), "jobs-board.example"
	case at{leaver, email}:
		return fmt.Sprintf("%d messages to a competitor's domain, none in the previous 30 days", 1+v/200), "recruiting@rival-works.example"
	case at{keylogger, email}:
		return "One message to 198 recipients sent from the supervisor's account on another person's PC", "all-staff@halden.example"
	case at{keylogger, web}:
		return "Download of an archive whose name matches a keystroke-logging tool", "tools-mirror.example/keycap.zip"
	case at{keylogger, device}:
		return "Removable storage moved from own PC to the supervisor's PC within 20 minutes", usb
	case at{keylogger, login}:
		return "Supervisor's account used from a PC where it was never seen", fmt.Sprintf("PC-%04d", 1000+p.n)
	case at{snooper, login}:
		return "Logon to a colleague's PC, 4 different PCs in 5 days", fmt.Sprintf("PC-%04d", 1000+draw(200, "other", day))
	}
	return "", ""
}
