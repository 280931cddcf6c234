/** @file The attributes of the sample's products, by key: the seller's term, the shoppers' words, the sellers' claims. */
/** Facets of which a product has at most one value: no title is both navy and crimson. The rest combine freely. */
export const EXCLUSIVE_FACETS = ['colour', 'material', 'fit', 'power'] as const;
export type Facet = (typeof EXCLUSIVE_FACETS)[number] | 'property' | 'care';

export interface Attribute {
  readonly facet: Facet;
  /** The words in a title. */
  readonly term: string;
  /** What shoppers say instead: modifiers that can follow a noun ("in dark blue", "that folds flat"). */
  readonly asks: readonly string[];
  /** Sentences of sellers about it, for descriptions. */
  readonly claims: readonly string[];
}

const attributes = {
  navy: {
    facet: 'colour',
    term: 'Navy Blue',
    asks: ['in dark blue', 'in a deep blue', 'in the color of dark jeans'],
    claims: ['The deep navy tone goes with denim and dark wood.', 'Finished in a dark shade of blue that hides marks.'],
  },
  charcoal: {
    facet: 'colour',
    term: 'Charcoal',
    asks: ['in dark gray', 'in almost black', 'in a dark color that hides dirt'],
    claims: ['The charcoal finish is a dark gray that hides dirt.', 'A muted gray, close to black, suits any room.'],
  },
  ivory: {
    facet: 'colour',
    term: 'Ivory',
    asks: ['in off white', 'in a creamy color', 'in a warm white'],
    claims: [
      'The ivory color is a warm white that stays easy on the eye.',
      'A creamy off white shade brightens its corner.',
    ],
  },
  crimson: {
    facet: 'colour',
    term: 'Crimson',
    asks: ['in bright red', 'in red', 'in a loud red so i can find it'],
    claims: ['The bright red finish is easy to find in a full closet.', 'A crimson accent makes it stand out.'],
  },
  teal: {
    facet: 'colour',
    term: 'Teal',
    asks: ['in blue green', 'in a sea color', 'in a color between blue and green'],
    claims: ['The teal shade sits between blue and green, like the sea.', 'A fresh blue green color adds some cheer.'],
  },
  blush: {
    facet: 'colour',
    term: 'Blush Pink',
    asks: ['in light pink', 'in a soft rose color', 'in pale pink'],
    claims: [
      'The soft rose tone is a favorite of our customers.',
      'Comes in a pale blush that is pink without being loud.',
    ],
  },
  steel: {
    facet: 'material',
    term: 'Stainless Steel',
    asks: ["that won't rust", 'made of metal not plastic', "in shiny metal that doesn't rust"],
    claims: ['Made of stainless metal that does not rust or stain.', 'Brushed steel replaces plastic where it counts.'],
  },
  bamboo: {
    facet: 'material',
    term: 'Bamboo',
    asks: ['made from plants not plastic', 'in a natural plant material', 'made of something that grows back'],
    claims: [
      'Bamboo is a natural plant that grows back within a few years.',
      'A plant that needs little water takes the place of plastic.',
    ],
  },
  foam: {
    facet: 'material',
    term: 'Memory Foam',
    asks: [
      'that takes the shape of the body',
      'that molds to whoever lies on it',
      'that sinks in slowly and springs back',
    ],
    claims: [
      'The slow foam takes the shape of the body and springs back after.',
      'Dense memory foam molds to whoever lies on it.',
    ],
  },
  cotton: {
    facet: 'material',
    term: 'Organic Cotton',
    asks: ['in natural fabric without chemicals', 'made of soft natural cloth', 'with nothing synthetic in the fabric'],
    claims: [
      'The natural fabric is grown without harsh chemicals.',
      'Woven from organic fibers, it is soft cloth with nothing synthetic.',
    ],
  },
  fauxleather: {
    facet: 'material',
    term: 'Faux Leather',
    asks: ['that looks like hide but is vegan', 'in fake hide', 'that looks fancy and wipes clean'],
    claims: ['The vegan hide looks fancy and wipes clean.', 'No animal skin is used, yet it has the grain of leather.'],
  },
  silicone: {
    facet: 'material',
    term: 'Silicone',
    asks: ['made of that soft rubbery stuff', 'in bendy rubber', 'made of squishy rubber'],
    claims: ['Soft rubbery parts bend without cracking.', 'Molded from silicone that feels like squishy rubber.'],
  },
  xl: {
    facet: 'fit',
    term: 'Extra Large',
    asks: ['in the biggest size', 'that is really huge', 'bigger than the normal ones'],
    claims: ['Far bigger than the normal model.', 'This is our biggest size, huge in every direction.'],
  },
  compact: {
    facet: 'fit',
    term: 'Compact',
    asks: ["that doesn't take up much room", 'that is not bulky', 'for a small space'],
    claims: [
      'A small footprint takes up little space in an apartment.',
      'Compact enough for a drawer or a tiny shelf.',
    ],
  },
  kids: {
    facet: 'fit',
    term: 'Kids',
    asks: ['for my little one', 'for my 6 year old', 'for my son', 'for my daughter'],
    claims: ['Sized for children from four to ten years.', 'Scaled down so that little ones manage by themselves.'],
  },
  easygrip: {
    facet: 'fit',
    term: 'Easy Grip',
    asks: ['for hands with arthritis', 'for weak hands', 'for my grandma who has trouble holding things'],
    claims: ['Thick handles help hands with arthritis.', 'Easy to hold even where strength in the fingers is weak.'],
  },
  waterproof: {
    facet: 'property',
    term: 'Waterproof',
    asks: ['that can get wet', 'that keeps water out', 'that can handle rain and spills'],
    claims: [
      'Sealed seams keep rain and spills out.',
      'Gets soaking wet and still does what it should, since water stays out.',
    ],
  },
  insulated: {
    facet: 'property',
    term: 'Insulated',
    asks: ['that keeps its temperature', 'with a layer against heat and cold', 'that holds temperature for hours'],
    claims: ['An inner layer holds the temperature for hours.', 'A thick insulated layer works against heat and cold.'],
  },
  collapsible: {
    facet: 'property',
    term: 'Collapsible',
    asks: ['that folds flat', 'that folds up small when i am done', 'that i can fold and put away'],
    claims: ['Folds flat in seconds when you are done.', 'The collapsible build lets you put it away behind a door.'],
  },
  lightweight: {
    facet: 'property',
    term: 'Lightweight',
    asks: ['that weighs almost nothing', "that isn't heavy", 'that i can carry with one hand'],
    claims: ['It weighs almost nothing, so carry it anywhere.', 'A slim build keeps it light enough for one hand.'],
  },
  heavyduty: {
    facet: 'property',
    term: 'Heavy Duty',
    asks: ["that doesn't fall apart", 'that lasts for years', 'that is built like a tank', 'that can take a beating'],
    claims: ['Built to last for years of rough use.', 'Reinforced joints take a beating and do not fall apart.'],
  },
  adjustable: {
    facet: 'property',
    term: 'Adjustable',
    asks: ['that i can set to the right size', 'with settings to make it fit', 'that can be changed to fit us all'],
    claims: [
      'Change the setting in one move to find the right fit.',
      'Several positions let the whole family share it.',
    ],
  },
  nonslip: {
    facet: 'property',
    term: 'Non-Slip',
    asks: ['that stays put', "that doesn't slide around", "that won't skid"],
    claims: ['A grippy base stays put and does not slide.', 'Textured surfaces stop it from skidding around.'],
  },
  breathable: {
    facet: 'property',
    term: 'Breathable',
    asks: ["that doesn't get sweaty", 'that lets air through', 'that stays cool in summer'],
    claims: ['Open mesh lets air through and stays cool.', 'The breathable weave never feels sweaty on warm days.'],
  },
  leakproof: {
    facet: 'property',
    term: 'Leakproof',
    asks: ["that doesn't drip in my bag", "that won't spill", 'that stays sealed upside down'],
    claims: ['A tight seal prevents drips, even upside down.', 'Nothing spills into your bag, however it lies.'],
  },
  shatterproof: {
    facet: 'property',
    term: 'Shatterproof',
    asks: ['that survives being dropped', "that won't crack", "that doesn't break when it falls"],
    claims: ['Drop it on tile and it will not crack.', 'The tough shell survives falls without splinters.'],
  },
  reflective: {
    facet: 'property',
    term: 'Reflective',
    asks: ['that drivers can see at night', 'so cars notice me', 'that shines back in headlights'],
    claims: [
      'Bright strips shine back in headlights, so drivers notice.',
      'Reflective trim makes it visible at night.',
    ],
  },
  transparent: {
    facet: 'property',
    term: 'Transparent',
    asks: ['that is see through', 'so i can see what is inside', 'i can look through'],
    claims: ['See through walls show what is inside at a glance.', 'Clear panels let you look in without opening it.'],
  },
  magnetic: {
    facet: 'property',
    term: 'Magnetic',
    asks: ['that sticks to metal', 'that snaps on by itself', 'that clings to the fridge'],
    claims: ['It snaps into place and sticks to any iron surface.', 'Strong magnets cling to metal such as a fridge.'],
  },
  silent: {
    facet: 'property',
    term: 'Silent',
    asks: ['that makes no noise', "that isn't loud", "that doesn't wake anybody up"],
    claims: ['Works without noise, so nobody wakes up.', 'Soft parts make it far less loud than most.'],
  },
  padded: {
    facet: 'property',
    term: 'Padded',
    asks: ['with extra cushioning', 'with thick soft filling', "that doesn't dig into the skin"],
    claims: ['Thick padding makes it soft to the touch.', 'Extra filling keeps edges from digging into the skin.'],
  },
  quickdry: {
    facet: 'property',
    term: 'Quick-Dry',
    asks: ['that dries fast', "that doesn't stay damp", 'that is ready again by morning'],
    claims: ['Damp in the evening, ready again by morning.', 'Fast drying fibers leave no room for mildew.'],
  },
  washable: {
    facet: 'care',
    term: 'Machine Washable',
    asks: ['that i can throw in the laundry', 'that goes in the washer', 'that is easy to launder'],
    claims: ['Throw it in the washer on a gentle cycle.', 'Goes in with the normal laundry and keeps its shape.'],
  },
  dishwasher: {
    facet: 'care',
    term: 'Dishwasher Safe',
    asks: ["that i don't have to scrub by hand", 'that needs no hand washing', 'that can go in with the dirty plates'],
    claims: [
      'Goes in with the dirty plates, no scrubbing by hand.',
      'Every part is safe on the top rack of a dishwasher.',
    ],
  },
  hypoallergenic: {
    facet: 'property',
    term: 'Hypoallergenic',
    asks: ['for sensitive skin', "that doesn't make me itch", 'for someone with allergies'],
    claims: ['Tested for people with allergies and sensitive skin.', 'Nothing in it makes the skin itch or turn red.'],
  },
  unscented: {
    facet: 'property',
    term: 'Fragrance-Free',
    asks: ['without perfume', "that doesn't smell", 'with no scent'],
    claims: [
      'No perfume is added, for noses that react to scent.',
      'Free of any smell, so it mixes with nothing you wear.',
    ],
  },
  bpafree: {
    facet: 'property',
    term: 'BPA-Free',
    asks: ['without nasty plastic chemicals', 'in plastic that is safe for food', 'with no toxins'],
    claims: ['The plastic is safe for food and free of toxins.', 'No BPA or other doubtful chemicals in any part.'],
  },
  cordless: {
    facet: 'power',
    term: 'Cordless',
    asks: ['with no cable', 'without a wire to trip over', 'that works away from an outlet'],
    claims: ['No cable in the way, no wire to trip over.', 'Works far from any outlet.'],
  },
  rechargeable: {
    facet: 'property',
    term: 'Rechargeable',
    asks: ["that doesn't eat batteries", 'that charges by usb', 'without buying new batteries all the time'],
    claims: ['Charges by usb, so you stop buying batteries.', 'One charge of the built in battery lasts for weeks.'],
  },
  solar: {
    facet: 'power',
    term: 'Solar Powered',
    asks: ['that runs on sunlight', 'that charges in the sun', 'that needs no outlet, just sun'],
    claims: [
      'A panel on top charges in the sun, free of cost.',
      'Runs on sunlight alone and stores some for the night.',
    ],
  },
} satisfies Record<string, Attribute>;

export type AttributeKey = keyof typeof attributes;
export const ATTRIBUTES: Readonly<Record<AttributeKey, Attribute>> = attributes;
