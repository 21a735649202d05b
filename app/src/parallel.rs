//! The same work for many things, on all cores.

use std::num::NonZero;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// More threads than this only wait for the disk.
const MOST_THREADS: usize = 8;

/// Does `work` for each of `items`, and returns what came of it in their order. Each thread makes a `tool` to work with, such as a
/// buffer. After an error nothing further is begun; one of the errors is returned.
pub(crate) fn each<'i, I: Sync, S, T: Send, E: Send>(
    items: &'i [I],
    tool: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, &'i I) -> Result<T, E> + Sync,
) -> Result<Vec<T>, E> {
    let threads = std::thread::available_parallelism()
        .map_or(1, NonZero::get)
        .min(MOST_THREADS)
        .min(items.len());
    let next = AtomicUsize::new(0);
    let failed = AtomicBool::new(false);
    let labour = || {
        let mut tool = tool();
        let mut done = Vec::new();
        while !failed.load(Ordering::Relaxed) {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(at) else {
                break;
            };
            match work(&mut tool, item) {
                Ok(made) => done.push((at, made)),
                Err(error) => {
                    failed.store(true, Ordering::Relaxed);
                    return Err(error);
                }
            }
        }
        Ok(done)
    };
    let mut made = Vec::with_capacity(items.len());
    std::thread::scope(|scope| {
        let helpers: Vec<_> = (1..threads).map(|_| scope.spawn(labour)).collect();
        let mut results = vec![labour()];
        for helper in helpers {
            match helper.join() {
                Ok(result) => results.push(result),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        for result in results {
            made.extend(result?);
        }
        Ok(())
    })?;
    made.sort_unstable_by_key(|(at, _)| *at);
    Ok(made.into_iter().map(|(_, made)| made).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_keep_the_order() {
        let items: Vec<usize> = (0..1000).collect();
        let made = each(&items, || (), |(), item| Ok::<_, ()>(item * 2)).unwrap();
        assert!(made.iter().enumerate().all(|(at, made)| *made == at * 2));
        assert_eq!(
            each(&[], || (), |(), _: &u8| Err::<u8, u8>(1)),
            Ok(Vec::new())
        );
    }

    #[test]
    fn an_error_stops_the_rest() {
        let items: Vec<usize> = (0..100_000).collect();
        let done = AtomicUsize::new(0);
        let work = |(): &mut (), item: &usize| {
            done.fetch_add(1, Ordering::Relaxed);
            if *item == 3 { Err("three") } else { Ok(()) }
        };
        let made = each(&items, || (), work);
        assert_eq!(made, Err("three"));
        assert!(done.load(Ordering::Relaxed) < items.len());
    }
}
