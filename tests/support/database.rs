//! What stands in a state file.

/// The rows of a query, a line for each.
pub fn rows(connection: &rusqlite::Connection, sql: &str) -> String {
    let mut statement = connection.prepare(sql).expect("a query");
    let columns = statement.column_count();
    let mut rows = statement.query([]).expect("rows");
    let mut out = String::new();
    while let Some(row) = rows.next().expect("a row") {
        let cells = (0..columns).map(|n| match row.get_ref(n).expect("a cell") {
            rusqlite::types::ValueRef::Null => "-".into(),
            rusqlite::types::ValueRef::Integer(n) => n.to_string(),
            rusqlite::types::ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
            other => format!("{other:?}"),
        });
        out.push_str(&cells.collect::<Vec<String>>().join(" | "));
        out.push('\n');
    }
    out
}
