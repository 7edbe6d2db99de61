//! Work on several things at once, with the results in the order of the things.

use std::sync::atomic::{AtomicUsize, Ordering};

/// As many as there are cores.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Does `work` on each, on up to `jobs` threads.
pub fn each<T: Sync, R: Send>(jobs: usize, things: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let threads = jobs.min(things.len());
    if threads <= 1 {
        return things.iter().map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let turn = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(thing) = things.get(at) else { return done };
            done.push((at, work(thing)));
        }
    };
    let mut all: Vec<(usize, R)> = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..threads).map(|_| scope.spawn(turn)).collect();
        // A panic in the work is one of ours: it goes on here.
        let joined = handles.into_iter().map(|handle| match handle.join() {
            Ok(done) => done,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        joined.flatten().collect()
    });
    all.sort_by_key(|(at, _)| *at);
    all.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn results_come_in_the_order_of_the_things() {
        let things: Vec<u32> = (0..100).collect();
        for jobs in [0, 1, 3, 200] {
            let doubled = super::each(jobs, &things, |n| n * 2);
            assert_eq!(doubled, things.iter().map(|n| n * 2).collect::<Vec<_>>());
        }
    }
}
