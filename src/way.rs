//! The parts from the root of a view to a folder, and the folder at their end.
//!
//! Two ways are equal when their parts are; the folder is only remembered, as long as
//! nothing has changed, so that a look-up deep in an image begins where it is and not at
//! the root.

use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use arc_swap::ArcSwapOption;

use crate::error::Error;
use crate::name::Asked;
use crate::source::Stat;
use crate::view::{Folder, View};

/// A way; the empty one leads to the root.
#[derive(Debug, Default)]
pub struct Way {
    /// The last part, and the way to it: the ways below a folder share theirs.
    last: Option<(Arc<Way>, Asked)>,
    end: ArcSwapOption<End>,
    /// The moment of the listing that the kernel keeps; 0 when it keeps none.
    listed: AtomicU64,
}

/// The folder at the end of a way.
#[derive(Debug)]
pub struct End {
    /// The view in which it lies.
    pub view: View,
    /// The folder.
    pub folder: Folder,
    /// The stored folder whose attributes it shows, if there is one.
    pub stat: Option<Stat>,
    /// The moment of the catalog at which this was so.
    moment: u64,
    /// The folders in it that somebody stands in: all spellings of one share it.
    below: Mutex<Vec<Weak<End>>>,
}

impl Way {
    /// The way that goes on to a folder in the one at the end of this.
    pub fn on_to(self: &Arc<Self>, asked: &Asked) -> Self {
        Self {
            last: Some((self.clone(), asked.clone())),
            ..Self::default()
        }
    }

    /// The same way, with what was just found at its end.
    pub fn ending_at(self, end: &Arc<End>) -> Self {
        self.remember(end);
        self
    }

    /// Walks to the end, unless it is known as of this moment.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::NotFolder`], or those of the sources.
    pub fn end(&self, moment: u64, view: &dyn Fn() -> View) -> Result<Arc<End>, Error> {
        if let Some(end) = self.end.load_full().filter(|end| end.moment == moment) {
            return Ok(end);
        }
        let end = self.walk(moment, view)?;
        self.remember(&end);
        Ok(end)
    }

    /// Where no event tells of a change, nothing holds beyond the request.
    fn remember(&self, end: &Arc<End>) {
        if end.view.is_live() {
            self.end.store(Some(end.clone()));
        }
    }

    fn walk(&self, moment: u64, view: &dyn Fn() -> View) -> Result<Arc<End>, Error> {
        let Some((way, asked)) = &self.last else {
            let view = view();
            return Ok(Arc::new(End::new(view.clone(), view.root(), None, moment)));
        };
        let above = way.end(moment, view)?;
        let (folder, stat) = above.view.enter(&above.folder, asked)?;
        Ok(above.below(folder, stat))
    }

    /// Notes that the kernel keeps a listing of this moment. Returns whether it already
    /// did.
    pub fn is_listed(&self, moment: u64) -> bool {
        self.listed.swap(moment, Ordering::Relaxed) == moment
    }

    /// The parts from the root on.
    pub fn from_root(&self) -> Vec<&Asked> {
        let mut parts: Vec<&Asked> = self.parts().collect();
        parts.reverse();
        parts
    }

    fn parts(&self) -> impl Iterator<Item = &Asked> {
        let above = std::iter::successors(self.last.as_ref(), |(way, _)| way.last.as_ref());
        above.map(|(_, asked)| asked)
    }
}

impl End {
    fn new(view: View, folder: Folder, stat: Option<Stat>, moment: u64) -> Self {
        Self {
            view,
            folder,
            stat,
            moment,
            below: Mutex::default(),
        }
    }

    /// The end of a way that goes on to this folder.
    pub fn below(&self, folder: Folder, stat: Option<Stat>) -> Arc<Self> {
        let mut below = self.below.lock().unwrap_or_else(PoisonError::into_inner);
        below.retain(|end| end.strong_count() > 0);
        let mut known = below.iter().filter_map(Weak::upgrade);
        if let Some(same) = known.find(|end| end.folder == folder) {
            return same;
        }
        let end = Arc::new(Self::new(self.view.clone(), folder, stat, self.moment));
        below.push(Arc::downgrade(&end));
        end
    }
}

impl PartialEq for Way {
    fn eq(&self, other: &Self) -> bool {
        self.parts().eq(other.parts())
    }
}

impl Eq for Way {}

impl Hash for Way {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.parts().for_each(|asked| asked.hash(state));
    }
}
