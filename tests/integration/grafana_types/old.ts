// What Grafana 7.5 takes, by the names its packages and panels have for it.
//
// Written by hand, since it published no types of its panels: what isn't here it does not know,
// apart from what it is known to pass over.

interface GridPos {
  h: number;
  w: number;
  x: number;
  y: number;
}

interface DataLink {
  title: string;
  url: string;
  targetBlank?: boolean;
}

interface DashboardLink {
  asDropdown: boolean;
  icon: string;
  includeVars: boolean;
  keepTime: boolean;
  tags: string[];
  targetBlank: boolean;
  title: string;
  tooltip: string;
  type: "link" | "dashboards";
  url?: string;
}

interface Option {
  selected?: boolean;
  text: string | string[];
  value: string | string[];
}

interface AnyVariable {
  name: string;
  label?: string;
  description?: string; // passed over
  hide?: 0 | 1 | 2;
  skipUrlSync?: boolean;
  current?: Option;
  options?: Option[];
}

interface Multiple extends AnyVariable {
  multi?: boolean;
  includeAll?: boolean;
  allValue?: string;
}

type Variable =
  | (AnyVariable & { type: "textbox" | "constant"; query: string })
  | (Multiple & { type: "custom"; query: string })
  | (Multiple & { type: "datasource"; query: string; regex?: string; refresh?: 0 | 1 | 2 })
  | (Multiple & {
      type: "query";
      datasource: string;
      query: string | { query: string; refId: string };
      definition?: string;
      regex?: string;
      refresh: 1 | 2;
      sort?: 0 | 1 | 2 | 3 | 4 | 5 | 6;
    })
  | (AnyVariable & {
      type: "interval";
      query: string;
      auto?: boolean;
      auto_count?: number;
      auto_min?: string;
      refresh?: 2;
    });

interface AnyTarget {
  refId: string;
  datasource?: string;
  hide?: boolean;
}

interface GraphiteTarget extends AnyTarget {
  target: string;
  targetFull?: string;
  textEditor?: boolean;
}

interface PrometheusTarget extends AnyTarget {
  expr: string;
  format?: "time_series" | "table" | "heatmap";
  instant?: boolean;
  range?: boolean; // passed over
  interval?: string;
  intervalFactor?: number;
  legendFormat?: string;
}

type Target = GraphiteTarget | PrometheusTarget;

type ColorMode =
  | "fixed"
  | "thresholds"
  | "palette-classic"
  | `continuous-${"GrYlRd" | "RdYlGr" | "BlYlRd" | "YlRd" | "BlPu" | "YlBl"}`
  | `continuous-${"blues" | "reds" | "greens" | "purples"}`;

type Mapping =
  | { id: number; type: 1; value: string; text: string }
  | { id: number; type: 2; from: string; to: string; text: string };

interface Field<Custom> {
  color?: { mode: ColorMode; fixedColor?: string; seriesBy?: "min" | "max" | "last" };
  custom?: Custom;
  decimals?: number;
  displayName?: string;
  filterable?: boolean;
  links?: DataLink[];
  mappings?: Mapping[];
  max?: number;
  min?: number;
  noValue?: string;
  thresholds?: { mode: "absolute" | "percentage"; steps: { color: string; value: number | null }[] };
  unit?: string;
}

interface FieldConfig<Custom> {
  defaults: Field<Custom>;
  overrides: {
    matcher: { id: "byName" | "byRegexp" | "byType" | "byFrameRefID"; options: string };
    properties: { id: keyof Field<Custom> | `custom.${string & keyof Custom}`; value: unknown }[];
  }[];
}

interface AnyPanel {
  id: number;
  title: string;
  description?: string;
  gridPos: GridPos;
  datasource: string;
  targets: Target[];
  interval?: string;
  maxDataPoints?: number;
  links?: DashboardLink[];
  pluginVersion?: string;
  repeat?: string;
  repeatDirection?: "h" | "v";
  timeFrom?: string;
  timeShift?: string;
  hideTimeOverride?: boolean;
  transformations?: { id: string; options: object }[];
  transparent?: boolean;
}

interface PanelOf<Type, Options, Custom> extends AnyPanel {
  type: Type;
  options: Options;
  fieldConfig: FieldConfig<Custom>;
}

interface GraphField {
  axisLabel?: string;
  axisPlacement?: "auto" | "top" | "right" | "bottom" | "left" | "hidden";
  axisSoftMax?: number;
  axisSoftMin?: number;
  axisWidth?: number;
  barAlignment?: -1 | 0 | 1;
  drawStyle?: "line" | "bars" | "points";
  fillBelowTo?: string;
  fillColor?: string;
  fillOpacity?: number;
  gradientMode?: "none" | "opacity" | "hue" | "scheme";
  hideFrom?: { graph: boolean; legend: boolean; tooltip: boolean };
  lineColor?: string;
  lineInterpolation?: "linear" | "smooth" | "stepBefore" | "stepAfter";
  lineStyle?: { fill?: "solid" | "dash" | "dot" | "square"; dash?: number[] };
  lineWidth?: number;
  pointSize?: number;
  scaleDistribution?: { type: "linear" | "log"; log?: number };
  showPoints?: "auto" | "never" | "always";
  spanNulls?: boolean;
  stacking?: { mode: string; group: string }; // passed over
  thresholdsStyle?: { mode: string }; // passed over
}

interface TableField {
  align?: "auto" | "left" | "right" | "center";
  displayMode?:
    | "auto"
    | "basic"
    | "color-background"
    | "color-text"
    | "gradient-gauge"
    | "image"
    | "json-view"
    | "lcd-gauge";
  filterable?: boolean;
  width?: number;
}

interface OneValue {
  orientation: "auto" | "horizontal" | "vertical";
  reduceOptions: { calcs: string[]; fields: string; limit?: number; values: boolean };
  text?: { titleSize?: number; valueSize?: number };
}

interface Heatmap extends AnyPanel {
  type: "heatmap";
  options?: Record<string, never>;
  fieldConfig?: FieldConfig<Record<string, never>>;
  cards: { cardPadding: number | null; cardRound: number | null };
  color: {
    mode: "spectrum" | "opacity";
    cardColor?: string;
    colorScale?: "linear" | "sqrt";
    colorScheme?: `interpolate${string}`;
    exponent?: number;
    max?: number | null;
    min?: number | null;
  };
  dataFormat: "timeseries" | "tsbuckets";
  heatmap: Record<string, never>;
  hideZeroBuckets: boolean;
  highlightCards: boolean;
  legend: { show: boolean };
  reverseYBuckets: boolean;
  tooltip: { show: boolean; showHistogram: boolean };
  tooltipDecimals?: number | null;
  xAxis: { show: boolean };
  xBucketNumber?: number | null;
  xBucketSize?: string | number | null;
  yAxis: {
    show: boolean;
    format: string;
    decimals: number | null;
    logBase: 1 | 2 | 10 | 32 | 1024;
    max: number | string | null;
    min: number | string | null;
    splitFactor: number | null;
  };
  yBucketBound: "auto" | "upper" | "middle" | "lower";
  yBucketNumber?: number | null;
  yBucketSize?: number | null;
}

interface Panels {
  timeseries: PanelOf<
    "timeseries",
    {
      legend: { calcs: string[]; displayMode: "list" | "table" | "hidden"; placement: "bottom" | "right" };
      tooltipOptions: { mode: "single" | "multi" | "none" };
    },
    GraphField
  >;
  stat: PanelOf<
    "stat",
    OneValue & {
      colorMode: "value" | "background";
      graphMode: "none" | "line" | "area";
      justifyMode: "auto" | "center";
      textMode: "auto" | "value" | "value_and_name" | "name" | "none";
    },
    object
  >;
  bargauge: PanelOf<
    "bargauge",
    OneValue & { displayMode: "basic" | "lcd" | "gradient"; showUnfilled: boolean },
    object
  >;
  table: PanelOf<
    "table",
    { frameIndex?: number; showHeader: boolean; sortBy?: { displayName: string; desc?: boolean }[] },
    TableField
  >;
  heatmap: Heatmap;
  text: Pick<AnyPanel, "id" | "title" | "description" | "gridPos" | "transparent"> & {
    type: "text";
    options: { content: string; mode: "markdown" | "html" };
  };
  row: { type: "row"; id: number; title: string; collapsed: boolean; gridPos: GridPos; panels: []; repeat?: string };
}

export type Panel<Type extends keyof Panels> = Panels[Type];

export interface Dashboard {
  annotations?: { list: { builtIn: 1; datasource: string; enable: boolean; hide: boolean; iconColor: string; name: string; type: string }[] };
  description?: string;
  editable?: boolean;
  graphTooltip?: 0 | 1 | 2;
  id?: null;
  links?: DashboardLink[];
  panels: [];
  refresh?: string;
  schemaVersion: 27;
  style?: "dark";
  tags?: string[];
  templating?: { list: Variable[] };
  time?: { from: string; to: string };
  timepicker?: { refresh_intervals?: string[]; hidden?: boolean };
  timezone?: "" | "browser" | "utc";
  title: string;
  uid: string;
  version?: number;
}
