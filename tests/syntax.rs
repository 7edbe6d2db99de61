#[test]
fn quick() {
    let mut n = 0;
    let mut all: Vec<_> =
        std::fs::read_dir("tests/syntax/good").unwrap().map(|e| e.unwrap().path()).collect();
    all.sort();
    for p in all {
        if p.extension().is_none_or(|x| x != "rules") {
            continue;
        }
        let text = std::fs::read_to_string(&p).unwrap();
        let (file, errors) = stagegate::syntax::parse(stagegate::source::FileId(0), &text);
        println!("=== {p:?} {} items {errors:#?}", file.items.len());
        println!("{}", stagegate::syntax::dump::dump(&file));
        n += errors.len();
    }
    assert_eq!(n, 0);
}
