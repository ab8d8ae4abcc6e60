// What a current Grafana takes, from its own package of types.
//
// The names are Grafana's; only what its types leave loose is said here: each panel's options and
// custom fields belong to its type, and JSON holds the values of enums, not their names.

import type {
  Dashboard as AnyDashboard,
  FieldConfig,
  FieldConfigSource,
  Panel as AnyPanel,
  RowPanel,
  VariableModel,
} from "@grafana/schema";
import type { Options as BarGauge } from "grafana/bargauge/panelcfg/x/types.gen";
import type { Options as Heatmap } from "grafana/heatmap/panelcfg/x/types.gen";
import type { Options as Stat } from "grafana/stat/panelcfg/x/types.gen";
import type { Options as Table, FieldConfig as TableField } from "grafana/table/panelcfg/x/types.gen";
import type { Options as Text } from "grafana/text/panelcfg/x/types.gen";
import type { Options as TimeSeries, FieldConfig as GraphField } from "grafana/timeseries/panelcfg/x/types.gen";

// The type as it is in JSON: text in place of an enum.
export type Json<T> = T extends string
  ? `${T}`
  : T extends (infer Item)[]
    ? Json<Item>[]
    : T extends object
      ? { [Key in keyof T]: Json<T[Key]> }
      : T;

// Grafana fills in its defaults for what is left out.
type Defaulted<T> = T extends unknown[] ? T : T extends object ? { [Key in keyof T]?: Defaulted<T[Key]> } : T;

type Field<Custom> = Omit<FieldConfig, "custom"> & { custom?: Defaulted<Custom> };

interface PanelOf<Options, Custom> extends Omit<AnyPanel, "options" | "fieldConfig"> {
  options?: Defaulted<Options>;
  fieldConfig?: Omit<FieldConfigSource, "defaults"> & { defaults: Field<Custom> };
}

interface Panels {
  timeseries: PanelOf<TimeSeries, GraphField>;
  stat: PanelOf<Stat, object>;
  bargauge: PanelOf<BarGauge, object>;
  table: PanelOf<Table, TableField>;
  heatmap: PanelOf<Heatmap, object>;
  text: PanelOf<Text, object>;
  row: Omit<RowPanel, "panels"> & { panels: [] };
}

export type Panel<Type extends keyof Panels> = Json<Panels[Type]>;

// Grafana reads these too, though its types don't name them.
interface Variable extends VariableModel {
  auto?: boolean;
  auto_count?: number;
  auto_min?: string;
  definition?: string;
}

export type Dashboard = Json<
  Omit<AnyDashboard, "panels" | "templating"> & { panels: []; templating?: { list?: Variable[] } }
>;
