//! Everything on offer at one moment: all images, the base, and who gets which.
//!
//! Made whole from a configuration and then never changed; a new configuration makes a
//! new catalog. What did not change is carried over, so that its indexes stay warm: a
//! layer by its path, whatever image it stands in.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use crate::alias::Aliases;
use crate::choice::Choice;
use crate::config::dropped::DroppedRule;
use crate::config::{Config, ImageName, ImageSpec, Problems};
use crate::image::Image;
use crate::inside::Inside;
use crate::layer::{Layer, Watch};
use crate::name::Folded;
use crate::source::dir::OwnMount;
use crate::source::open::{self, Written};
use crate::source::{Identity, Source};
use crate::stores::Stores;
use crate::stores::made::StoreLayer;
use crate::view::View;
use crate::way::Way;

/// What every catalog of one daemon shares.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// Who tells of changes.
    pub watch: Arc<dyn Watch>,
    /// Our own mount, which no source may lead into.
    pub own_mount: Arc<OwnMount>,
}

/// All images, the base and the rules.
#[derive(Debug)]
pub struct Catalog {
    config: Arc<Config>,
    images: HashMap<Folded, Arc<Image>>,
    stores: HashMap<Folded, StoreLayer>,
    base: Option<Arc<Image>>,
    choice: Choice,
    wants_macs: bool,
    owner: (u32, u32),
    layers: HashMap<LayerKey, Opened>,
    since: SystemTime,
    moment: AtomicU64,
    /// The root over the base of each image, and of none.
    roots: HashMap<Option<ImageName>, Arc<Way>>,
}

/// Moments are never used twice, whichever catalog they belong to.
static MOMENTS: AtomicU64 = AtomicU64::new(0);

/// What makes two layers the same layer.
type LayerKey = (PathBuf, bool);

/// A source as a layer.
#[derive(Debug, Clone)]
struct Opened {
    itself: Arc<Layer>,
    /// What the boot.wim in it adds.
    inside: Arc<Layer>,
}

impl Catalog {
    /// Opens everything that a configuration names, taking over from an earlier catalog
    /// what is the same.
    ///
    /// # Errors
    /// Those of [`Config::verify`].
    pub fn open(
        config: Config,
        dropped: &[DroppedRule],
        surroundings: &Surroundings,
        before: Option<&Self>,
    ) -> Result<Self, Problems> {
        let known = before.map(|before| &*before.config);
        config.verify(&surroundings.own_mount, known)?;
        let mut opener = Opener {
            surroundings,
            before,
            layers: HashMap::new(),
            stores: HashMap::new(),
        };
        let base = config.base.as_ref().map(|path| Arc::new(opener.base(path)));
        let images = config.images.iter();
        let images = images.map(|spec| {
            let image = opener.image(spec, base.as_ref());
            (spec.name.folded(), Arc::new(image))
        });
        let images = images.collect();
        let Opener { layers, stores, .. } = opener;
        let choice = Choice::new(&config, dropped);
        Ok(Self {
            wants_macs: wants_macs(&choice, &config, before),
            choice,
            owner: owner(&config),
            images,
            stores,
            base,
            layers,
            since: before.map_or_else(SystemTime::now, |before| before.since),
            moment: AtomicU64::new(next_moment()),
            roots: roots(&config),
            config: Arc::new(config),
        })
    }

    /// The same with other rules in `clients.d/`.
    pub fn with_dropped(&self, dropped: &[DroppedRule]) -> Self {
        let choice = Choice::new(&self.config, dropped);
        Self {
            wants_macs: wants_macs(&choice, &self.config, Some(self)),
            choice,
            config: self.config.clone(),
            images: self.images.clone(),
            stores: self.stores.clone(),
            base: self.base.clone(),
            owner: self.owner,
            layers: self.layers.clone(),
            since: self.since,
            moment: AtomicU64::new(self.moment()),
            roots: self.roots.clone(),
        }
    }

    /// The configuration this was made from.
    pub fn config(&self) -> &Arc<Config> {
        &self.config
    }

    /// The rules.
    pub fn choice(&self) -> &Choice {
        &self.choice
    }

    /// Whether a client's MAC could decide, or be what it is remembered by.
    pub fn wants_macs(&self) -> bool {
        self.wants_macs
    }

    /// User and group of every file.
    pub fn owner(&self) -> (u32, u32) {
        self.owner
    }

    /// When the first catalog of this daemon was made: the time of folders that nothing
    /// stored has.
    pub fn since(&self) -> SystemTime {
        self.since
    }

    /// The image of that name, in any case, with its name as configured.
    pub fn image(&self, name: &Folded) -> Option<(&ImageName, &Arc<Image>)> {
        let image = self.images.get(name)?;
        let spec = self
            .config
            .images
            .iter()
            .find(|spec| spec.name.folded() == *name)?;
        Some((&spec.name.value, image))
    }

    /// The boot configurations of an image, unless its own stay as they are.
    pub fn stores(&self, image: &ImageName) -> Option<&StoreLayer> {
        self.stores.get(&image.folded())
    }

    /// All images in the order of the configuration.
    pub fn images(&self) -> impl Iterator<Item = (&ImageSpec, &Arc<Image>)> {
        let specs = self.config.images.iter();
        specs.filter_map(|spec| Some((spec, self.images.get(&spec.name.folded())?)))
    }

    /// The base, if one is configured.
    pub fn base(&self) -> Option<&Arc<Image>> {
        self.base.as_ref()
    }

    /// An image, the base, or one over the other; an image that is no more shows nothing.
    pub fn view(&self, image: Option<&ImageName>, over_base: bool) -> View {
        View {
            image: image
                .and_then(|name| self.images.get(&name.folded()))
                .cloned(),
            base: self.base.clone().filter(|_| over_base),
        }
    }

    /// The way to the root of an image, or of nothing, over the base; one for all who look.
    pub fn root(&self, image: Option<&ImageName>) -> Arc<Way> {
        self.roots.get(&image.cloned()).cloned().unwrap_or_default()
    }

    /// All layers, each once.
    pub fn layers(&self) -> impl Iterator<Item = &Arc<Layer>> {
        let opened = self.layers.values();
        opened.flat_map(|opened| [&opened.itself, &opened.inside])
    }

    /// A number that is another one after every change below. What was found out at one
    /// moment holds as long as it lasts, where events tell of changes.
    pub fn moment(&self) -> u64 {
        self.moment.load(Ordering::Acquire)
    }

    /// The folder with this identity has changed, in whatever layers it is.
    pub fn changed(&self, identity: Identity) {
        self.layers().for_each(|layer| layer.changed(identity));
        self.move_on();
    }

    /// Anything may have changed.
    pub fn everything_changed(&self) {
        self.layers().for_each(|layer| layer.forget_all());
        self.move_on();
    }

    /// What was found out so far is to be found out again, and which stores can be made.
    pub fn move_on(&self) {
        let stores = self.stores.values();
        stores.for_each(StoreLayer::forget);
        self.moment.store(next_moment(), Ordering::Release);
    }

    /// Looks whether sources were replaced, went away or came back. Returns whether any
    /// did.
    pub fn renew(&self) -> bool {
        let renewed = self.layers().filter(|layer| layer.source().renew());
        let renewed: Vec<_> = renewed.collect();
        for layer in &renewed {
            layer.forget_all();
            tell(layer.source());
        }
        if !renewed.is_empty() {
            self.move_on();
        }
        !renewed.is_empty()
    }
}

/// Once they were wanted they stay so: who is remembered by a MAC would be unknown else, in
/// the middle of a boot, when the last rule for a MAC ends.
fn wants_macs(choice: &Choice, config: &Config, before: Option<&Catalog>) -> bool {
    choice.matches_macs() || !config.leases.is_empty() || before.is_some_and(Catalog::wants_macs)
}

/// Says what keeps a source from being used: it takes its images down and nothing else.
fn complain(source: &dyn Source) {
    if let Some(fault) = source.fault() {
        tracing::error!("{fault}");
    }
}

/// The one line for a source that was replaced, went away or came back: what it is now.
fn tell(source: &dyn Source) {
    let now = source.description();
    match source.fault() {
        Some(fault) => tracing::error!("{fault}"),
        // What is inside one, and is nothing now.
        None if now.is_empty() => {}
        None => tracing::info!("{} is read anew: {now}", source.label()),
    }
}

fn roots(config: &Config) -> HashMap<Option<ImageName>, Arc<Way>> {
    let images = config
        .images
        .iter()
        .map(|spec| Some(spec.name.value.clone()));
    images
        .chain([None])
        .map(|image| (image, Arc::default()))
        .collect()
}

fn next_moment() -> u64 {
    MOMENTS.fetch_add(1, Ordering::Relaxed) + 1
}

fn owner(config: &Config) -> (u32, u32) {
    let configured = config.owner.as_ref().and_then(|owner| owner.ids().ok());
    configured.unwrap_or((0, 0))
}

struct Opener<'a> {
    surroundings: &'a Surroundings,
    before: Option<&'a Catalog>,
    layers: HashMap<LayerKey, Opened>,
    stores: HashMap<Folded, StoreLayer>,
}

impl Opener<'_> {
    fn image(&mut self, spec: &ImageSpec, base: Option<&Arc<Image>>) -> Image {
        let sources = spec.sources.iter();
        let opened = sources.map(|path| self.layer(path, spec.poll));
        // All that is real lies above all that was taken out of a boot.wim.
        let (mut layers, inside): (Vec<_>, Vec<_>) =
            opened.map(|opened| (opened.itself, opened.inside)).unzip();
        layers.extend(inside);
        let aliases = spec.aliases.iter().map(|alias| &alias.value);
        let aliases = Arc::new(Aliases::new(aliases, spec.secure_boot));
        let image = Image::new(layers.clone(), aliases.clone());
        let Some(stores) = Stores::new(spec, Arc::new(image), base.cloned()) else {
            return Image::new(layers, aliases);
        };
        let stores = StoreLayer::new(stores, self.surroundings.watch.clone());
        layers.push(stores.layer().clone());
        self.stores.insert(spec.name.folded(), stores);
        Image::new(layers, aliases)
    }

    fn base(&mut self, path: &Path) -> Image {
        let layers = vec![self.layer(path, false).itself];
        Image::new(layers, Arc::new(Aliases::none()))
    }

    fn layer(&mut self, path: &Path, poll: bool) -> Opened {
        let key = (path.to_owned(), poll);
        let kept = self.before.and_then(|before| before.layers.get(&key));
        if let Some(layer) = self.layers.get(&key).or(kept).cloned() {
            self.layers.insert(key, layer.clone());
            return layer;
        }
        let opened = self.open(path, poll);
        self.layers.insert(key, opened.clone());
        opened
    }

    fn open(&self, path: &Path, poll: bool) -> Opened {
        let own_mount = self.surroundings.own_mount.clone();
        let written = Written::understand(path, &own_mount);
        let source = open::open(&written, own_mount, poll);
        complain(source.as_ref());
        let watch = &self.surroundings.watch;
        let itself = Arc::new(Layer::new(source, watch.clone()));
        let inside = Inside::new(itself.clone(), written.image);
        let inside = Arc::new(Layer::new(Box::new(inside), watch.clone()));
        Opened { itself, inside }
    }
}
