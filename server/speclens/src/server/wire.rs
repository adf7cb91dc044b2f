//! What the protocol library leaves to us: handlers that start in the order of the messages, and a server that ends
//! when the protocol says so.

use std::future::{Ready, ready};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};

use futures_util::Stream;
use futures_util::future::{Either, FutureExt};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tower_lsp_server::jsonrpc::{Request, Response};
use tower_lsp_server::{ClientSocket, Loopback};
use tower_service::Service;

use super::frames::Frames;

/// Why the server ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The client said `exit`.
    Exit,
    /// Nothing more can come from the client.
    InputClosed,
    /// The client's process ended, whoever else holds the other end of our input.
    ClientDied,
}

/// How far the conversation is.
#[derive(Debug)]
pub(super) struct Lifecycle {
    shut_down: AtomicBool,
    ends: UnboundedSender<End>,
}

impl Lifecycle {
    pub(super) fn new() -> (Arc<Self>, UnboundedReceiver<End>) {
        let (ends, receiver) = unbounded_channel();
        (Arc::new(Self { shut_down: AtomicBool::new(false), ends }), receiver)
    }

    pub(super) fn shut_down(&self) {
        self.shut_down.store(true, Ordering::Release);
    }

    pub(super) fn is_shut_down(&self) -> bool {
        self.shut_down.load(Ordering::Acquire)
    }

    pub(super) fn end(&self, end: End) {
        // Nobody listens once the server has ended.
        let _ = self.ends.send(end);
    }
}

/// Starts each handler when its message arrives. The library runs handlers together, a few at a time, and promises no
/// order: a handler's first step happens here, so what it does before its first await is done in wire order, however
/// many requests wait for their answers.
#[derive(Debug)]
pub(super) struct InOrder<S> {
    inner: S,
    lifecycle: Arc<Lifecycle>,
}

impl<S> InOrder<S> {
    pub(super) fn new(inner: S, lifecycle: Arc<Lifecycle>) -> Self {
        Self { inner, lifecycle }
    }
}

impl<S> Service<Request> for InOrder<S>
where
    S: Service<Request, Response = Option<Response>>,
    S::Future: Unpin,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Either<Ready<Result<S::Response, S::Error>>, S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        if request.method() == "exit" {
            self.lifecycle.end(End::Exit);
        }
        let mut handler = self.inner.call(request);
        // The library polls what is not finished once more, with a waker that counts.
        match handler.poll_unpin(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(response) => Either::Left(ready(response)),
            Poll::Pending => Either::Right(handler),
        }
    }
}

/// Something to say to the client in the middle of an answer.
#[derive(Debug)]
pub(super) struct Aside {
    pub message: Request,
    /// Told when the message is on its way: what is said later comes after it.
    pub sent: oneshot::Sender<()>,
}

/// What goes to the client and is no answer. The library promises no order between that and answers, except that what
/// was taken from this stream is written before what is taken later.
#[derive(Debug)]
pub(super) struct Unasked {
    socket: ClientSocket,
    asides: UnboundedReceiver<Aside>,
}

/// The stream of [`Unasked`].
#[derive(Debug)]
pub(super) struct Messages<S> {
    inner: S,
    asides: UnboundedReceiver<Aside>,
}

impl Unasked {
    pub(super) fn new(socket: ClientSocket, asides: UnboundedReceiver<Aside>) -> Self {
        Self { socket, asides }
    }
}

impl Loopback for Unasked {
    type RequestStream = Messages<<ClientSocket as Loopback>::RequestStream>;
    type ResponseSink = <ClientSocket as Loopback>::ResponseSink;

    fn split(self) -> (Self::RequestStream, Self::ResponseSink) {
        let (inner, sink) = self.socket.split();
        (Messages { inner, asides: self.asides }, sink)
    }
}

impl<S: Stream<Item = Request> + Unpin> Stream for Messages<S> {
    type Item = Request;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Request>> {
        if let Poll::Ready(Some(Aside { message, sent })) = self.asides.poll_recv(context) {
            // Who asked may have gone.
            let _ = sent.send(());
            return Poll::Ready(Some(message));
        }
        Pin::new(&mut self.inner).poll_next(context)
    }
}

/// The client's stream, without what the library cannot parse, and watched for its end: the library would first wait
/// for every answer it still owes.
#[derive(Debug)]
pub(super) struct Input<R> {
    inner: R,
    frames: Frames,
    /// A message, and how much of it was taken.
    message: (Vec<u8>, usize),
    lifecycle: Arc<Lifecycle>,
}

impl<R> Input<R> {
    pub(super) fn new(inner: R, lifecycle: Arc<Lifecycle>) -> Self {
        Self { inner, frames: Frames::default(), message: (Vec::new(), 0), lifecycle }
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for Input<R> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            let (message, taken) = &mut this.message;
            if *taken < message.len() {
                let more = &message[*taken..];
                let more = &more[..more.len().min(buffer.remaining())];
                buffer.put_slice(more);
                *taken += more.len();
                return Poll::Ready(Ok(()));
            }
            if let Some(message) = this.frames.next() {
                this.message = (message, 0);
                continue;
            }
            let mut bytes = [0; 8192];
            let mut bytes = ReadBuf::new(&mut bytes);
            let read = std::task::ready!(Pin::new(&mut this.inner).poll_read(context, &mut bytes));
            if read.is_err() || bytes.filled().is_empty() {
                this.lifecycle.end(End::InputClosed);
                return Poll::Ready(read);
            }
            this.frames.push(bytes.filled());
        }
    }
}
