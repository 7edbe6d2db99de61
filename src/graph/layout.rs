//! Where everything stands: stages one below the other in their order, what leads from one to another between them.
//!
//! The library gives each box its row, its place in the row, and a way for each line that crosses none of the boxes. Then
//! the boxes of the spine (the stages, and what leads from each to the next) are brought into one straight column, and
//! the rest of each row moves as near to what it is joined to as the row allows, in the order that the library found.

use dagre::graph::{Graph, GraphOptions};
use dagre::{EdgeLabel, LayoutOptions, NodeLabel};
use std::collections::HashMap;

/// A box to be placed.
#[derive(Debug, Clone, Copy)]
pub struct Item {
    pub width: f64,
    pub height: f64,
    /// Whether it belongs to the column in the middle.
    pub spine: bool,
    /// Whether it is what stands on a line, which goes through its middle: else boxes of a row have one upper edge.
    pub on_line: bool,
}

/// A line from a box to one further down.
#[derive(Debug, Clone, Copy)]
pub struct Link {
    pub upper: usize,
    pub lower: usize,
    pub spine: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    pub x: f64,
    pub y: f64,
}

#[derive(Debug, Clone)]
pub struct Placed {
    /// The middles of the boxes.
    pub items: Vec<Point>,
    /// From the upper box to the lower one: at each point a line is vertical.
    pub links: Vec<Vec<Point>>,
}

/// With more boxes and lines than this no drawing can be read.
const MOST: usize = 2_000;
/// The library calls itself for each box on a path.
const STACK: usize = 256 << 20;
const GAP: f64 = 26.0;
const LINE_GAP: f64 = 15.0;
const SWEEPS: usize = 48;
const STRAIGHT: usize = 16;
const UNTANGLED: usize = 24;

/// `None` if there is too much.
pub fn place(items: &[Item], links: &[Link]) -> Option<Placed> {
    if items.len() + links.len() > MOST {
        return None;
    }
    let mut rows = rows(items, links)?;
    rows.straighten();
    Some(rows.placed(items, links))
}

/// What stands in a row: a box, or a line on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum What {
    Box(usize),
    Line(usize),
}

#[derive(Debug, Clone)]
struct Cell {
    what: What,
    x: f64,
    width: f64,
    spine: bool,
    /// The cells that it is joined to: row, number in the row, and how strongly.
    joined: Vec<(usize, usize, f64)>,
}

struct Rows {
    rows: Vec<Vec<Cell>>,
    heights: Vec<f64>,
    /// By box and by link: the row and number of its cells, downwards.
    boxes: Vec<(usize, usize)>,
    lines: Vec<Vec<(usize, usize)>>,
}

/// Asks the library.
fn rows(items: &[Item], links: &[Link]) -> Option<Rows> {
    let (wanted, lines): (Vec<Item>, Vec<Link>) = (items.to_vec(), links.to_vec());
    let ask = move || {
        let options = GraphOptions { directed: true, multigraph: true, compound: false };
        let mut graph: Graph<NodeLabel, EdgeLabel> = Graph::with_options(options);
        for (number, item) in wanted.iter().enumerate() {
            let label = NodeLabel { width: item.width, height: item.height, ..NodeLabel::default() };
            graph.set_node(number.to_string(), Some(label));
        }
        for (number, link) in lines.iter().enumerate() {
            let label = EdgeLabel { weight: if link.spine { 12 } else { 1 }, ..EdgeLabel::default() };
            graph.set_edge(
                link.upper.to_string(),
                link.lower.to_string(),
                Some(label),
                Some(&number.to_string()),
            );
        }
        let options =
            LayoutOptions { nodesep: GAP, edgesep: LINE_GAP, ranksep: 40.0, ..LayoutOptions::default() };
        dagre::layout(&mut graph, Some(options));
        let boxes: Option<Vec<Point>> = (0..wanted.len())
            .map(|number| {
                let node = graph.node(&number.to_string())?;
                Some(Point { x: node.x?, y: node.y? })
            })
            .collect();
        let ways: Option<Vec<Vec<Point>>> = lines
            .iter()
            .enumerate()
            .map(|(number, link)| {
                let name = number.to_string();
                let edge = graph.edge(&link.upper.to_string(), &link.lower.to_string(), Some(&name))?;
                Some(edge.points.iter().map(|p| Point { x: p.x, y: p.y }).collect())
            })
            .collect();
        boxes.zip(ways)
    };
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(ask).ok()?;
    // A panic of the library is its mistake; there is no drawing then, but all else goes on.
    let (boxes, ways) = thread.join().ok()??;
    Some(Rows::new(items, links, &boxes, &ways))
}

impl Rows {
    fn new(items: &[Item], links: &[Link], boxes: &[Point], ways: &[Vec<Point>]) -> Rows {
        // Boxes of one row have their middles at one height.
        let mut levels: Vec<f64> = boxes.iter().map(|p| p.y).collect();
        levels.sort_by(f64::total_cmp);
        levels.dedup_by(|a, b| (*a - *b).abs() < 1.0);
        let row_of = |y: f64| levels.partition_point(|level| *level < y - 1.0);
        let mut rows: Vec<Vec<Cell>> = vec![Vec::new(); levels.len()];
        let mut heights = vec![0.0_f64; levels.len()];
        for (number, (item, at)) in items.iter().zip(boxes).enumerate() {
            let row = row_of(at.y);
            heights[row] = heights[row].max(item.height);
            let what = What::Box(number);
            rows[row].push(Cell { what, x: at.x, width: item.width, spine: item.spine, joined: Vec::new() });
        }
        for (number, (link, way)) in links.iter().zip(ways).enumerate() {
            for row in row_of(boxes[link.upper].y) + 1..row_of(boxes[link.lower].y) {
                let x = at_height(way, levels[row]);
                let what = What::Line(number);
                rows[row].push(Cell { what, x, width: 0.0, spine: link.spine, joined: Vec::new() });
            }
        }
        for row in &mut rows {
            row.sort_by(|a, b| a.x.total_cmp(&b.x));
        }
        untangle(&mut rows, links);
        let mut found =
            Rows { rows, heights, boxes: vec![(0, 0); items.len()], lines: vec![Vec::new(); links.len()] };
        for (row, cells) in found.rows.iter().enumerate() {
            for (number, cell) in cells.iter().enumerate() {
                match cell.what {
                    What::Box(item) => found.boxes[item] = (row, number),
                    What::Line(link) => found.lines[link].push((row, number)),
                }
            }
        }
        for (link, line) in links.iter().zip(&found.lines) {
            let ends = [found.boxes[link.upper], found.boxes[link.lower]];
            let way: Vec<(usize, usize)> =
                std::iter::once(ends[0]).chain(line.iter().copied()).chain([ends[1]]).collect();
            for pair in way.windows(2) {
                let &[(row, number), (below, under)] = pair else { continue };
                let is_line =
                    |row: usize, number: usize| matches!(found.rows[row][number].what, What::Line(_));
                let strength = match (is_line(row, number), is_line(below, under)) {
                    (true, true) => 6.0,
                    (false, false) => 1.0,
                    _ => 2.0,
                };
                found.rows[row][number].joined.push((below, under, strength));
                found.rows[below][under].joined.push((row, number, strength));
            }
        }
        found
    }

    /// Brings the spine into one column and all else near to what it is joined to.
    fn straighten(&mut self) {
        for row in 0..self.rows.len() {
            let middle = self.rows[row].iter().find(|cell| cell.spine).map_or(0.0, |cell| cell.x);
            self.rows[row].iter_mut().for_each(|cell| cell.x -= middle);
        }
        for sweep in 0..SWEEPS {
            // At the end, long lines become straight, beside the widest of what they pass.
            let straight = sweep + STRAIGHT >= SWEEPS;
            for step in 0..self.rows.len() {
                let row = if sweep % 2 == 0 { step } else { self.rows.len() - 1 - step };
                self.relax(row, straight);
            }
        }
    }

    /// The outermost place of a long line.
    fn lane(&self, link: usize) -> f64 {
        let all = || self.lines[link].iter().map(|(row, number)| self.rows[*row][*number].x);
        let (low, high) = (all().fold(f64::INFINITY, f64::min), all().fold(f64::NEG_INFINITY, f64::max));
        match (low > 0.0, high < 0.0) {
            (true, _) => high,
            (_, true) => low,
            _ => all().sum::<f64>() / self.lines[link].len().max(1) as f64,
        }
    }

    fn relax(&mut self, row: usize, straight: bool) {
        let cells = &self.rows[row];
        let wanted: Vec<Wish> = cells
            .iter()
            .map(|cell| {
                let weight: f64 = cell.joined.iter().map(|(.., strength)| strength).sum();
                let sum: f64 = cell.joined.iter().map(|(r, n, s)| self.rows[*r][*n].x * s).sum();
                match cell.what {
                    _ if cell.spine => Wish { x: 0.0, weight: 1.0 },
                    What::Line(link) if straight => Wish { x: self.lane(link), weight: 4.0 },
                    // As near to the middle as what stands there lets it.
                    What::Line(_) => Wish { x: 0.0, weight: 0.02 },
                    What::Box(_) if weight > 0.0 => Wish { x: sum / weight, weight: 1.0 },
                    What::Box(_) => Wish { x: cell.x, weight: 1.0 },
                }
            })
            .collect();
        let apart: Vec<f64> = cells
            .windows(2)
            .map(|pair| {
                let [a, b] = pair else { return 0.0 };
                let lines = [a, b].iter().filter(|cell| matches!(cell.what, What::Line(_))).count();
                let gap = if lines == 2 { LINE_GAP } else { GAP };
                (a.width + b.width) / 2.0 + gap
            })
            .collect();
        let fixed = cells.iter().position(|cell| cell.spine);
        for (cell, x) in self.rows[row].iter_mut().zip(spread(&wanted, &apart, fixed, f64::INFINITY)) {
            cell.x = x;
        }
    }

    fn placed(&self, items: &[Item], links: &[Link]) -> Placed {
        // Lines that go far to the side need height for it.
        let mut tops = Vec::new();
        let mut y = 0.0;
        for (row, height) in self.heights.iter().enumerate() {
            tops.push(y);
            let joined = |cell: &Cell| {
                let below = cell.joined.iter().filter(|(r, ..)| *r > row).map(|(r, n, _)| (*r, *n));
                let aside = below.map(|(r, n)| {
                    let other = &self.rows[r][n];
                    ((other.x - cell.x).abs() - (cell.width + other.width) / 2.0).max(0.0)
                });
                aside.fold(0.0, f64::max)
            };
            let aside = self.rows[row].iter().map(joined).fold(0.0, f64::max);
            y += height + 34.0 + (aside * 0.12).min(46.0);
        }
        let at = |(item, &(row, number)): (&Item, &(usize, usize))| {
            let height = if item.on_line { self.heights[row] } else { item.height };
            Point { x: self.rows[row][number].x, y: tops[row] + height / 2.0 }
        };
        let middles: Vec<Point> = items.iter().zip(&self.boxes).map(at).collect();
        let mut ways: Vec<Vec<Point>> = links
            .iter()
            .zip(&self.lines)
            .map(|(link, line)| {
                let (upper, lower) = (middles[link.upper], middles[link.lower]);
                let (first, last) = (self.boxes[link.upper].0, self.boxes[link.lower].0);
                // Beside the higher boxes of their rows lines stay vertical.
                let mut way = vec![
                    Point { x: upper.x, y: upper.y + items[link.upper].height / 2.0 },
                    Point { x: upper.x, y: tops[first] + self.heights[first] },
                ];
                for &(row, number) in line {
                    let x = self.rows[row][number].x;
                    way.push(Point { x, y: tops[row] });
                    way.push(Point { x, y: tops[row] + self.heights[row] });
                }
                way.push(Point { x: lower.x, y: tops[last] });
                way.push(Point { x: lower.x, y: lower.y - items[link.lower].height / 2.0 });
                way
            })
            .collect();
        for (number, item) in items.iter().enumerate() {
            for top in [false, true] {
                self.ports(number, item, middles[number], top, links, &mut ways);
            }
        }
        Placed { items: middles, links: ways }
    }

    /// Where lines leave a box below, or reach it above: beside each other, each as straight as can be.
    fn ports(
        &self,
        number: usize,
        item: &Item,
        middle: Point,
        top: bool,
        links: &[Link],
        ways: &mut [Vec<Point>],
    ) {
        // Where it comes from, or goes to, in the row above or below.
        let next = |way: &[Point]| {
            let point = if top { way.iter().rev().nth(2) } else { way.get(2) };
            point.map_or(middle.x, |point| point.x)
        };
        let mut own: Vec<(usize, f64)> = links
            .iter()
            .enumerate()
            .filter(|(_, link)| if top { link.lower == number } else { link.upper == number })
            .map(|(at, _)| (at, next(&ways[at])))
            .collect();
        own.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
        let room = (item.width - 36.0).max(0.0);
        let fixed = own.iter().position(|(at, _)| links[*at].spine && item.spine);
        let wanted = own.iter().enumerate().map(|(at, (_, x))| {
            let centred = Some(at) == fixed || item.on_line && own.len() == 1;
            let x = if centred { middle.x } else { x.clamp(middle.x - room / 2.0, middle.x + room / 2.0) };
            Wish { x, weight: 1.0 }
        });
        let wanted: Vec<Wish> = wanted.collect();
        // On either side of a fixed one there is half of the room.
        let most = fixed.map_or(own.len().saturating_sub(1), |at| 2 * at.max(own.len() - 1 - at));
        let between = 18.0_f64.min(room / most.max(1) as f64);
        let apart = vec![between; own.len().saturating_sub(1)];
        let places = match fixed {
            Some(_) => spread(&wanted, &apart, fixed, room / 2.0),
            None => nearest(&wanted, &apart, middle.x - room / 2.0, middle.x + room / 2.0),
        };
        for ((at, _), x) in own.iter().zip(places) {
            let way = &mut ways[*at];
            let end = if top { way.len().saturating_sub(2) } else { 0 };
            way.iter_mut().skip(end).take(2).for_each(|point| point.x = x);
        }
    }
}

/// Neighbours in a row change places where fewer lines cross then.
fn untangle(rows: &mut [Vec<Cell>], links: &[Link]) {
    for _ in 0..UNTANGLED {
        let mut better = false;
        for row in 0..rows.len() {
            let above = row.checked_sub(1).and_then(|above| rows.get(above)).map(|row| places(row));
            let below = rows.get(row + 1).map(|row| places(row));
            let beside = [above.unwrap_or_default(), below.unwrap_or_default()];
            let mut joined: Vec<Joined> =
                rows[row].iter().map(|cell| joined_to(cell.what, links, &beside)).collect();
            for at in 1..rows[row].len() {
                if crossings(&joined[at - 1], &joined[at]) > crossings(&joined[at], &joined[at - 1]) {
                    joined.swap(at - 1, at);
                    // The places stay, only who has them changes.
                    let (left, right) = (rows[row][at - 1].x, rows[row][at].x);
                    rows[row].swap(at - 1, at);
                    (rows[row][at - 1].x, rows[row][at].x) = (left, right);
                    better = true;
                }
            }
        }
        if !better {
            return;
        }
    }
}

/// What a cell is joined to in the rows above and below: the place there, and how much the line weighs.
type Joined = [Vec<(usize, usize)>; 2];

fn joined_to(what: What, links: &[Link], beside: &[HashMap<What, usize>; 2]) -> Joined {
    let mut own = [Vec::new(), Vec::new()];
    for (number, link) in links.iter().enumerate() {
        let (up, down) = match what {
            What::Line(line) => (line == number, line == number),
            What::Box(item) => (link.lower == item, link.upper == item),
        };
        let ends = [(up, link.upper), (down, link.lower)];
        for ((own, beside), (is, end)) in own.iter_mut().zip(beside).zip(ends) {
            let place = || beside.get(&What::Line(number)).or(beside.get(&What::Box(end)));
            let weight = if link.spine { 4 } else { 1 };
            own.extend(is.then(place).flatten().map(|place| (*place, weight)));
        }
    }
    own
}

/// How many lines cross if the one stands left of the other.
fn crossings(left: &Joined, right: &Joined) -> usize {
    let sides = left.iter().zip(right);
    let pairs =
        sides.flat_map(|(left, right)| left.iter().flat_map(move |a| right.iter().map(move |b| (a, b))));
    pairs.filter(|(a, b)| a.0 > b.0).map(|(a, b)| a.1 * b.1).sum()
}

fn places(row: &[Cell]) -> HashMap<What, usize> {
    row.iter().enumerate().map(|(place, cell)| (cell.what, place)).collect()
}

/// The x of a way at a height, from a point there or between two.
fn at_height(way: &[Point], y: f64) -> f64 {
    if let Some(point) = way.iter().find(|point| (point.y - y).abs() < 1.0) {
        return point.x;
    }
    let mut found = way.first().map_or(0.0, |point| point.x);
    for pair in way.windows(2) {
        let &[a, b] = pair else { continue };
        if a.y <= y && y <= b.y && b.y > a.y {
            found = a.x + (b.x - a.x) * (y - a.y) / (b.y - a.y);
        }
    }
    found
}

/// What has a wanted place, and how much it matters.
#[derive(Debug, Clone, Copy)]
struct Wish {
    x: f64,
    weight: f64,
}

/// The places nearest to the wanted ones that keep the order and the distances; the fixed one stays where it is wanted, and
/// none is further from it than `reach`.
fn spread(wanted: &[Wish], apart: &[f64], fixed: Option<usize>, reach: f64) -> Vec<f64> {
    let Some(fixed) = fixed else { return nearest(wanted, apart, f64::NEG_INFINITY, f64::INFINITY) };
    let middle = wanted[fixed].x;
    let side = |wanted: Vec<Wish>, apart: Vec<f64>| -> Vec<f64> {
        let Some((first, rest)) = apart.split_first() else { return Vec::new() };
        nearest(&wanted, rest, *first, reach)
    };
    let right = wanted[fixed + 1..].iter().map(|wish| Wish { x: wish.x - middle, ..*wish });
    let right = side(right.collect(), apart[fixed..].to_vec());
    let left = wanted[..fixed].iter().rev().map(|wish| Wish { x: middle - wish.x, ..*wish });
    let left = side(left.collect(), apart[..fixed].iter().rev().copied().collect());
    let left = left.iter().rev().map(|x| middle - x);
    left.chain([middle]).chain(right.iter().map(|x| middle + x)).collect()
}

/// As [`spread`], none of them below `least` or, where there is room, above `most`: the regression that keeps an order,
/// by pooling what would break it.
fn nearest(wanted: &[Wish], apart: &[f64], least: f64, most: f64) -> Vec<f64> {
    let mut offsets = vec![0.0];
    for gap in apart.iter().take(wanted.len().saturating_sub(1)) {
        offsets.push(offsets[offsets.len() - 1] + gap);
    }
    // The weighted sum, the weight and the count of each pool.
    let mut pools: Vec<(f64, f64, usize)> = Vec::new();
    for (wish, offset) in wanted.iter().zip(&offsets) {
        pools.push(((wish.x - offset) * wish.weight, wish.weight, 1));
        while let [.., (a, v, n), (b, w, m)] = pools[..]
            && a / v > b / w
        {
            pools.pop();
            pools.pop();
            pools.push((a + b, v + w, n + m));
        }
    }
    let most = (most - offsets[offsets.len() - 1]).max(least);
    let flat =
        pools.iter().flat_map(|(sum, weight, n)| std::iter::repeat_n((sum / weight).clamp(least, most), *n));
    flat.zip(&offsets).map(|(x, offset)| x + offset).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wishes(places: &[f64]) -> Vec<Wish> {
        places.iter().map(|x| Wish { x: *x, weight: 1.0 }).collect()
    }

    #[test]
    fn places_keep_their_distances_and_the_fixed_one_its_place() {
        let (low, high) = (f64::NEG_INFINITY, f64::INFINITY);
        assert_eq!(nearest(&wishes(&[5.0, 5.0]), &[10.0], low, high), [0.0, 10.0]);
        assert_eq!(nearest(&wishes(&[5.0, 50.0]), &[10.0], 7.0, high), [7.0, 50.0]);
        assert_eq!(nearest(&wishes(&[5.0, 50.0]), &[10.0], 0.0, 12.0), [2.0, 12.0]);
        let heavy = [Wish { x: 5.0, weight: 9.0 }, Wish { x: 5.0, weight: 1.0 }];
        assert_eq!(nearest(&heavy, &[10.0], low, high), [4.0, 14.0]);
        let spread = |x: &[f64], apart: &[f64], fixed| super::spread(&wishes(x), apart, fixed, high);
        assert_eq!(spread(&[3.0, 0.0, -4.0, 100.0], &[10.0; 3], Some(1)), [-10.0, 0.0, 10.0, 100.0]);
        assert_eq!(spread(&[], &[], None), [0.0; 0]);
    }

    #[test]
    fn too_much_is_refused() {
        let item = Item { width: 10.0, height: 10.0, spine: true, on_line: false };
        assert!(place(&vec![item; MOST + 1], &[]).is_none());
        let alone = place(&[item], &[]).expect("it is placed");
        assert_eq!(alone.items, [Point { x: 0.0, y: 5.0 }]);
    }
}
