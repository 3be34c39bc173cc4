//! What runs the SDK's futures where there is no runtime.

use core::pin::pin;
use core::task::{Context, Poll, Waker};

/// Runs a future to its end, on this thread. For futures that wait for nobody else, as all of the SDK's are with this crate's
/// provider in a program of one thread: another would keep the processor busy until it is ready.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        std::thread::yield_now();
    }
}
