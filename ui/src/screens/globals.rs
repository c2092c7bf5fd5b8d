//! The globals of one window, whichever component it shows.

use super::slint_pages as pages;

/// Handles of every global a view is drawn into.
pub(super) struct Globals<'a> {
    pub(super) theme: pages::Theme<'a>,
    pub(super) words: pages::Words<'a>,
    pub(super) station: pages::Station<'a>,
    pub(super) attract: pages::AttractData<'a>,
    pub(super) identify: pages::IdentifyData<'a>,
    pub(super) pin: pages::PinData<'a>,
    pub(super) work: pages::WorkData<'a>,
    pub(super) count: pages::CountData<'a>,
    pub(super) loans: pages::LoansData<'a>,
    pub(super) finish: pages::FinishData<'a>,
    pub(super) layer: pages::LayerData<'a>,
    pub(super) touched: pages::Touched<'a>,
    pub(super) feed: pages::Feed<'a>,
}

macro_rules! globals_of {
    ($component:ty) => {
        impl<'a> From<&'a $component> for Globals<'a> {
            fn from(component: &'a $component) -> Self {
                use slint::ComponentHandle as _;
                Self {
                    theme: component.global(),
                    words: component.global(),
                    station: component.global(),
                    attract: component.global(),
                    identify: component.global(),
                    pin: component.global(),
                    work: component.global(),
                    count: component.global(),
                    loans: component.global(),
                    finish: component.global(),
                    layer: component.global(),
                    touched: component.global(),
                    feed: component.global(),
                }
            }
        }
    };
}

globals_of!(pages::StationWindow);
globals_of!(pages::WorkbenchWindow);
