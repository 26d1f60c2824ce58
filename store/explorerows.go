package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strconv"
	"strings"
)

// findWords keeps the rows in which every word is found: in the result's id,
// in what tells the person (names are those that the reader may see), or in the
// texts and subjects of its evidence.
func (db *DB) findWords(ctx context.Context, x *Explored, rows []int32, words []string, names map[int64]string) ([]int32, error) {
	if len(words) == 0 || len(rows) == 0 {
		return rows, nil
	}
	for _, word := range words {
		folded := foldCase(word)
		told := make([]bool, len(x.People))
		for i, p := range x.People {
			told[i] = slices.ContainsFunc([]string{p.EmployeeID, p.Pseudonym, p.Role, p.Department, names[p.ID]}, func(s string) bool {
				return s != "" && strings.Contains(foldCase(s), folded)
			})
		}
		id, _ := strconv.ParseInt(word, 10, 64)
		rest := []int64{}
		for _, i := range rows {
			if !told[x.Person[i]] && x.ID[i] != id {
				rest = append(rest, x.ID[i])
			}
		}
		list, err := db.ids(ctx, `SELECT l.result FROM result_evidence l JOIN detectionevidence e ON e.id = l.evidence
			WHERE l.result IN (SELECT value FROM json_each(?1)) AND (`+holds("e.subject")+` OR `+holds("e.description")+`)`,
			jsonIDs(rest), folded, "%"+likeText.Replace(folded)+"%")
		if err != nil {
			return nil, err
		}
		found := set(list)
		rows = slices.DeleteFunc(rows, func(i int32) bool { return !told[x.Person[i]] && x.ID[i] != id && !found[x.ID[i]] })
	}
	return rows, nil
}

// holds asks whether a text has the word ?2, whatever the case; ?3 is its pattern for LIKE, which
// needs no call of ours: it settles texts of ASCII letters, where it says no to most.
func holds(text string) string {
	return `(` + text + ` LIKE ?3 ESCAPE '\' OR octet_length(` + text + `) != length(` + text + `) AND instr(citd_fold(` + text + `), ?2))`
}

var likeText = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// Place is where row i stands by score, highest first, then newest id first.
func (x *Explored) Place(i int32) Place { return Place{x.Level[i], x.ID[i]} }

// ByScore sorts rows of x.
func (x *Explored) ByScore(rows []int32) {
	slices.SortFunc(rows, func(a, b int32) int { return x.Place(a).compare(x.Place(b)) })
}

// After returns the index of the first of rows, sorted by score, that stands
// behind the place which mark tells: rows that come meanwhile do not shift a page.
func (x *Explored) After(rows []int32, mark string) int {
	at, ok := ParsePlace(mark)
	if !ok {
		return 0
	}
	i, found := slices.BinarySearchFunc(rows, at, func(i int32, at Place) int { return x.Place(i).compare(at) })
	if found {
		i++
	}
	return i
}

// ResultRow is one result as tables show it.
type ResultRow struct {
	*Result
	Scale  float64
	State  State  // as it was decided, else of its alert
	Reason string // of its dismissal
	By     string // who decided, or has it in review; empty: nobody
	Until  int64  // snoozed until; 0: no time
	Text   string // the first piece of evidence
	Pieces int
	Types  []string // of the further pieces
}

// ResultRows returns the results of those ids, in that order; those that
// are gone are left out.
func (db *DB) ResultRows(ctx context.Context, ids []int64) ([]ResultRow, error) {
	found, err := loadIDs(ctx, db, Results, ids)
	if err != nil {
		return nil, err
	}
	list, by := make([]ResultRow, len(found)), make(map[int64]*ResultRow, len(found))
	for i, row := range found {
		list[i].Result = row.(*Result)
		by[list[i].ID] = &list[i]
	}
	err = each(ctx, db, func(rows *sql.Rows) error {
		var id int64
		var x ResultRow
		var reason sql.Null[int]
		err := rows.Scan(&id, &x.Scale, &x.State, &reason, &x.By, &x.Until)
		if reason.Valid {
			x.Reason = Reasons[reason.V].Text
		}
		if r := by[id]; r != nil {
			x.Result = r.Result
			*r = x
		}
		return err
	}, `SELECT r.id, coalesce(m.scale, 1),
		CASE d.action WHEN 'confirm' THEN 'confirmed' WHEN 'dismiss' THEN 'dismissed' ELSE coalesce(a.state, 'new') END,
		d.reason, coalesce(w.name, v.name, ''), coalesce(a.snooze_until, 0)
		FROM detectionmodelresult r LEFT JOIN model m ON m.name = r.reporter LEFT JOIN alert a ON a.id = r.alert
		LEFT JOIN decision d ON d.id = r.decision LEFT JOIN account w ON w.id = d.account LEFT JOIN account v ON v.id = a.reviewer
		WHERE r.id IN (SELECT value FROM json_each(?))`, jsonIDs(ids))
	return list, errors.Join(err, db.addEvidence(ctx, by, ids))
}

// addEvidence adds the first text, and how many further pieces of which types there are.
func (db *DB) addEvidence(ctx context.Context, by map[int64]*ResultRow, ids []int64) error {
	return each(ctx, db, func(rows *sql.Rows) error {
		var id int64
		var text, kind string
		err := rows.Scan(&id, &text, &kind)
		r := by[id]
		if err != nil || r == nil {
			return err
		}
		if r.Pieces++; r.Pieces == 1 {
			r.Text = text
		} else if kind != "" && !slices.Contains(r.Types, kind) {
			r.Types = append(r.Types, kind)
		}
		return nil
	}, `SELECT l.result, substr(e.description, 1, 300), e.evidence_type
		FROM result_evidence l JOIN detectionevidence e ON e.id = l.evidence
		WHERE l.result IN (SELECT value FROM json_each(?)) ORDER BY l.result, e.exculpatory, l.evidence`, jsonIDs(ids))
}
